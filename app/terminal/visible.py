"""Makes foreign text safe to print: keys, symbols and headers may hold characters that control a terminal."""


def visible(text: str) -> str:
    r"""The text on one line, with each character that is not printable as its escape, such as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def visible_lines(text: str) -> str:
    """As `visible`, but keep the line breaks."""
    if text.isprintable():
        return text
    return "\n".join(map(visible, text.expandtabs().split("\n")))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
