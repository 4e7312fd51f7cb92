"""Words of messages."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "document"), counted(1200, "document")
    ('1 document', '1,200 documents')
    """
    return f"{number:,} {noun}" + "s" * (number != 1)


def are(number: int, noun: str, which: str = "") -> str:
    """Return a number with its noun, what follows that, and a verb.

    >>> are(1, "document"), are(2, "document", " before it")
    ('1 document is', '2 documents before it are')
    """
    return f"{counted(number, noun)}{which} {'is' if number == 1 else 'are'}"
