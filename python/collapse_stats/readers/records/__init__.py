"""Records: rows, lines and items with named fields, some of which hold documents."""
