"""How a call is written in a BUILD file: SYMBOL(ARGUMENT, ...), each argument in JSON."""

_OPENING = ["(", "[", "{"]
_CLOSING = [")", "]", "}"]

def _top_level(text):
    """The places of `text` that are in no bracket and no string.

    Args:
      text: a string.

    Returns:
      A struct with `commas`; `opening` and `closing`, of round brackets; and whether the brackets
      match.
    """
    depth = 0
    in_string = False
    is_escaped = False
    commas = []
    opening = []
    closing = []
    for i, letter in enumerate(text.elems()):
        if in_string:
            in_string = is_escaped or letter != "\""
            is_escaped = letter == "\\" and not is_escaped
        elif letter == "\"":
            in_string = True
        elif letter in _OPENING:
            if depth == 0 and letter == "(":
                opening.append(i)
            depth += 1
        elif letter in _CLOSING:
            depth -= 1
            if depth < 0:
                break
            if depth == 0 and letter == ")":
                closing.append(i)
        elif letter == "," and depth == 0:
            commas.append(i)
    return struct(
        closing = closing,
        commas = commas,
        is_matched = depth == 0 and not in_string,
        opening = opening,
    )

def parse_call(text):
    """Takes a call apart.

    Args:
      text: as in `max$i64(3, 4)`.

    Returns:
      A struct with `symbol`, `arguments` (a list of strings) and `problem`, None where there is none.
    """
    outer = _top_level(text)
    is_call = outer.is_matched and outer.closing and outer.closing[-1] == len(text) - 1
    if not is_call or outer.opening[-1] == 0:
        return struct(
            arguments = [],
            problem = "'{}' is no call; expected SYMBOL(ARGUMENT, ...), as in max$i64(3, 4)".format(text),
            symbol = "",
        )
    start = outer.opening[-1]
    inside = text[start + 1:-1]
    arguments = []
    begin = 0
    if inside.strip():
        for comma in _top_level(inside).commas + [len(inside)]:
            arguments.append(inside[begin:comma].strip())
            begin = comma + 1
    problem = None
    if "" in arguments:
        problem = "'{}' has an argument with nothing in it; expected values as JSON".format(text)
    return struct(arguments = arguments, problem = problem, symbol = text[:start])
