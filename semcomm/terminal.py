"""Text from strangers, shown safely."""


def terminal_safe(text: str) -> str:
    """The text in one line, every unprintable character written as its escape sequence, so that
    it controls neither a terminal nor a page.

    Example: a tab becomes a backslash and the letter t; "naïve" stays as it is.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
