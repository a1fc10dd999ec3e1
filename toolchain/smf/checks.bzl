"""What can be wrong with an attribute, found before anything is built.

Each function returns what is wrong and what to do about it, or None.
"""

# Of a section in a module.
_LONGEST_NAME = 16

_LEVELS = {"lz4": 12, "zstd": 22}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

def _is_digits(text, digits = "0123456789"):
    return bool(text) and not text.strip(digits)

def check_compression(text):
    """none, zstd[:LEVEL], lz4[:LEVEL].

    Args:
      text: as the attribute has it.

    Returns:
      What is wrong, or None.
    """
    if text == "none":
        return None
    name, colon, level = text.partition(":")
    if name not in _LEVELS:
        return "unknown compression '{}'; expected none, zstd, zstd:LEVEL, lz4 or lz4:LEVEL".format(text)
    if colon and not (_is_digits(level) and 1 <= int(level) and int(level) <= _LEVELS[name]):
        return "'{}' is no level of {}; expected 1 to {}".format(level, name, _LEVELS[name])
    return None

def check_section_name(name):
    """The name that a user gives a section.

    Args:
      name: the name.

    Returns:
      What is wrong, or None.
    """
    if not name:
        return "a section without a name; give it one of 1 to {} bytes".format(_LONGEST_NAME)
    if len(name) > _LONGEST_NAME:
        return "section name '{}' is longer than {} bytes; shorten it".format(name, _LONGEST_NAME)
    if name.startswith(".smf."):
        return "section names that begin with '.smf.' are reserved; rename '{}'".format(name)
    for letter in ["=", ":", "\n", "\0"]:
        if letter in name:
            return "section name '{}' has a character that no name may have: = : or a control character".format(name)
    return None

def check_symbol(symbol):
    """A mangled name, or a name and types: max$i64, max<i64>.

    Args:
      symbol: as written.

    Returns:
      What is wrong, or None.
    """
    what = "bad symbol '{}': ".format(symbol)
    if not symbol:
        return "an empty symbol; expected a mangled name (max$i64), or a name and types (max<i64>)"
    if symbol[0] not in _LETTERS + "_.":
        return what + "expected it to begin with a letter or an underscore"
    for letter in [" ", "\t", "\n", "\"", "'", ";"]:
        if letter in symbol.replace(", ", ","):
            return what + "it has a space, a quote or a semicolon in it"
    if symbol.count("<") != symbol.count(">"):
        return what + "its angle brackets do not match"
    if "<" in symbol and (not symbol.endswith(">") or "<>" in symbol):
        return what + "expected name and types as in max<i64>"
    return None

def check_size(text):
    """Bytes, or with K, M, G.

    Args:
      text: as the attribute has it.

    Returns:
      What is wrong, or None.
    """
    if _is_digits(text[:-1] if text[-1:] in ["K", "M", "G"] else text):
        return None
    return "'{}' is no size; expected bytes, or a number with K, M or G behind it".format(text)

def check_hash(text):
    """A hash of 64 bits.

    Args:
      text: as the attribute has it.

    Returns:
      What is wrong, or None.
    """
    digits = text[2:] if text.startswith("0x") else text
    if _is_digits(digits, "0123456789abcdefABCDEF") and len(digits) <= 16:
        return None
    return "'{}' is no hash; expected up to 16 hexadecimal digits".format(text)

def check_parameters(name, parameters):
    """Of a template.

    Args:
      name: the template.
      parameters: list of strings.

    Returns:
      What is wrong, or None.
    """
    if not parameters:
        return "generics name no parameter of '{}'; give it some, as in [\"T\"]".format(name)
    for parameter in parameters:
        if not parameter or "," in parameter or " " in parameter:
            return "'{}' is no name of a parameter of '{}'; give each as a string of its own".format(parameter, name)
    return None

def first_repeated(values):
    """Finds what a list holds twice.

    Args:
      values: list.

    Returns:
      The first value that is in it before, or None.
    """
    seen = {}
    for value in values:
        if value in seen:
            return value
        seen[value] = True
    return None
