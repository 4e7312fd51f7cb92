"""Several shares as the value of an option: ``0,0.05,0.1``."""

import click


def parse_shares(ctx: click.Context, param: click.Parameter, text: str) -> tuple[float, ...]:
    """Parse shares between 0 and 1, separated by commas; one that comes twice counts once."""
    shares = []
    for part in text.split(","):
        try:
            share = float(part)
        except ValueError:
            raise click.BadParameter(
                f"expected shares separated by commas, such as 0,0.05,0.1, got {text!r}"
            ) from None
        if not 0 <= share <= 1:
            raise click.BadParameter(f"a share must be between 0 and 1, got {part.strip()}")
        shares.append(share)
    return tuple(dict.fromkeys(shares))
