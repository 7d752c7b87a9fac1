"""Numbers and formulas: a parser of a small part of LaTeX, and their value at a point.

Reads integers, decimals, fractions, mixed numbers, roots, powers, factorials, binomials, the usual functions,
pi, i, and letters as variables. Whatever else stands in a text makes it `Unreadable`; nothing is guessed,
nothing is handed to Python's own parser. Sizes are bounded: 600 characters, 60 levels, powers of a few
thousand digits.
"""

import cmath
import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction

Value = Fraction | complex
Formula = Callable[[Mapping[str, complex]], Value]

_LONGEST = 600
_DEEPEST = 60
_MOST_DIGITS = 3000
_TOKEN = re.compile(
    r"\s*(?:([0-9]++(?:\.[0-9]++)?|\.[0-9]++)|\\([A-Za-z]++)|([A-Za-z])|([-+*/^(){}\[\]|!_]))"
)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "nu", "rho", "sigma", "tau", "phi", "psi",
    "omega", "varphi", "varepsilon", "ell",
})  # fmt: skip
_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan, "ln": cmath.log, "exp": cmath.exp,
    "arcsin": cmath.asin, "arccos": cmath.acos, "arctan": cmath.atan,
    "sec": lambda x: 1 / cmath.cos(x), "csc": lambda x: 1 / cmath.sin(x), "cot": lambda x: 1 / cmath.tan(x),
    "sinh": cmath.sinh, "cosh": cmath.cosh, "tanh": cmath.tanh,
}  # fmt: skip


class Unreadable(Exception):
    """The text is not of the small language."""


def read_formula(text: str) -> tuple[Formula, frozenset[str]]:
    """The value of a text as a function of its variables, and their names.

    Raises:
        Unreadable: It is not one formula of the language.
    """
    if len(text) > _LONGEST or _WORD.search(_plain_functions(text)):
        raise Unreadable
    parser = _Parser(_tokens(_plain_functions(text)))
    formula = parser.sum(0)
    if parser.kind != "end":
        raise Unreadable
    return formula, frozenset(parser.variables)


def value_at(formula: Formula, point: Mapping[str, complex]) -> Value:
    """The value at a point: exact where only rational numbers are met.

    Raises:
        Unreadable: It has none there, or one too large.
    """
    try:
        value = formula(point)
        if not isinstance(value, Fraction) and not cmath.isfinite(value):
            raise Unreadable
    except (ZeroDivisionError, OverflowError, ValueError):
        raise Unreadable from None
    return value


def _plain_functions(text: str) -> str:
    """``sin(x)`` and ``sqrt(2)`` without a backslash are meant as functions."""
    text = re.sub(r"(?<![\\A-Za-z])(sin|cos|tan|cot|sec|csc|ln|log|pi)(?![A-Za-z])", r"\\\1 ", text)
    return re.sub(r"(?<![\\A-Za-z])sqrt\s?(?=[({])", r"\\sqrt", text)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Unreadable
        kind = ("number", "command", "letter", "sign")[(found.lastindex or 1) - 1]
        tokens.append((kind, found[found.lastindex or 1]))
        at = found.end()
    tokens.append(("end", ""))
    return tokens


class _Parser:
    """Recursive descent over the tokens; builds closures."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._in_bars = False
        self.variables: set[str] = set()

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def text(self) -> str:
        return self._tokens[self._at][1]

    def sum(self, depth: int) -> Formula:
        if depth > _DEEPEST:
            raise Unreadable
        self._depth = depth
        left = self.product(depth)
        while self.kind == "sign" and self.text in "+-":
            sign = self._next()
            left = _combine(sign, left, self.product(depth))
        return left

    def product(self, depth: int) -> Formula:
        left = self.signed(depth)
        while True:
            if self.kind == "sign" and self.text in "*/":
                sign = self._next()
                left = _combine(sign, left, self.signed(depth))
            elif self._starts_atom():
                if self.kind == "number" and self._tokens[self._at - 1][0] == "number":
                    raise Unreadable  # "3 4" is nothing; the mixed number is read with its whole part
                left = _combine("*", left, self.power(depth))
            else:
                return left

    def signed(self, depth: int) -> Formula:
        if self.kind == "sign" and self.text in "+-":
            if self._next() == "+":
                return self.signed(depth + 1) if depth < _DEEPEST else self._refuse()
            inner = self.signed(depth + 1) if depth < _DEEPEST else self._refuse()
            return lambda point: -inner(point)
        return self.power(depth)

    def power(self, depth: int) -> Formula:
        base = self.atom(depth)
        while self.kind == "sign" and self.text == "!":
            self._next()
            base = _factorial(base)
        if self.kind == "sign" and self.text == "^":
            self._next()
            exponent = self.group(depth) if self._is("{") else self._exponent(depth)
            return _combine("^", base, exponent)
        return base

    def _exponent(self, depth: int) -> Formula:
        if self.kind == "sign" and self.text == "-":
            self._next()
            inner = self.atom(depth)
            return lambda point: -inner(point)
        return self.atom(depth)

    def atom(self, depth: int) -> Formula:
        kind, text = self.kind, self.text
        self._next()
        if kind == "number":
            return self._number(text, depth)
        if kind == "letter":
            return self._variable(text)
        if kind == "command":
            return self._command(text, depth)
        if text in ("(", "[", "{"):
            inner = self.sum(depth + 1)
            self._expect({"(": ")", "[": "]", "{": "}"}[text])
            return inner
        if text == "|" and not self._in_bars:
            self._in_bars = True
            inner = self.sum(depth + 1)
            self._in_bars = False
            self._expect("|")
            return lambda point: _absolute(inner(point))
        raise Unreadable

    def group(self, depth: int) -> Formula:
        """What a command takes: ``{...}``, or one sign."""
        if self.kind == "sign" and self.text in ("{", "("):
            return self.atom(depth)
        if self.kind == "number" and len(self.text) == 1:
            return _constant(Fraction(self._next()))
        if self.kind == "letter":
            return self._variable(self._next())
        raise Unreadable

    def _number(self, text: str, depth: int) -> Formula:
        if len(text) > _MOST_DIGITS or (self.kind == "sign" and self.text == "_"):
            raise Unreadable  # a number in another base
        whole = Fraction(text)
        if "." not in text and (part := self._part(depth)) is not None:
            return _constant(whole + part)
        return _constant(whole)

    def _part(self, depth: int) -> Fraction | None:
        """The fraction of a mixed number that begins here: ``\\frac{1}{2}`` or ``1/2`` of plain digits."""
        signs = [text for _, text in self._tokens[self._at : self._at + 8]]
        kinds = [kind for kind, _ in self._tokens[self._at : self._at + 8]]
        if (
            signs[:2] == ["frac", "{"]
            and kinds[2] == "number"
            and signs[3:5] == ["}", "{"]
            and kinds[5:6] == ["number"]
        ):
            top, bottom, length = signs[2], signs[5], 7
        elif kinds[0] == "number" and signs[1:2] == ["/"] and kinds[2:3] == ["number"]:
            top, bottom, length = signs[0], signs[2], 3
        else:
            return None
        if not (top.isdigit() and bottom.isdigit()) or not 0 < int(top) < int(bottom):
            return None
        self._at += length
        return Fraction(int(top), int(bottom))

    def _variable(self, name: str) -> Formula:
        if self.kind == "sign" and self.text == "_":
            self._next()
            if self._is("{"):
                self._next()
                name += "_" + self._next()
                self._expect("}")
            else:
                name += "_" + self._next()
        if name == "i":
            return lambda point: 1j
        self.variables.add(name)
        return lambda point: point[name]

    def _command(self, name: str, depth: int) -> Formula:
        if name == "frac":
            return _combine("/", self.group(depth + 1), self.group(depth + 1))
        if name == "sqrt":
            degree = _constant(Fraction(2))
            if self.text == "[":
                self._next()
                degree = self.sum(depth + 1)
                self._expect("]")
            return _root(self.group(depth + 1), degree)
        if name in ("binom", "dbinom", "tbinom"):
            return _binomial(self.group(depth + 1), self.group(depth + 1))
        if name == "pi":
            return lambda point: math.pi + 0j
        if name in _GREEK:
            return self._variable(name)
        if name == "log":
            return self._logarithm(depth)
        if name in _FUNCTIONS:
            return self._function(_FUNCTIONS[name], depth)
        raise Unreadable

    def _function(self, function: Callable[[complex], complex], depth: int) -> Formula:
        exponent = None
        if self.text == "^":
            self._next()
            exponent = self.group(depth)
        argument = self._argument(depth)

        def applied(point: Mapping[str, complex]) -> Value:
            return function(complex(argument(point)))

        return applied if exponent is None else _combine("^", applied, exponent)

    def _logarithm(self, depth: int) -> Formula:
        base = None
        if self.text == "_":
            self._next()
            base = self.group(depth)
        argument = self._argument(depth)
        if base is None:
            raise Unreadable  # ten or e, who knows
        return lambda point: cmath.log(complex(argument(point))) / cmath.log(complex(base(point)))

    def _argument(self, depth: int) -> Formula:
        """``\\sin 2x`` takes factors up to the next sign; ``\\sin(x)`` the brackets."""
        if depth > _DEEPEST:
            raise Unreadable
        if self.text in ("(", "{"):
            return self.power(depth + 1)
        argument = self.power(depth + 1)
        while self.kind in ("letter", "number") or (self.kind == "command" and self.text in (*_GREEK, "pi")):
            argument = _combine("*", argument, self.power(depth + 1))
        return argument

    def _starts_atom(self) -> bool:
        if self.kind == "sign":
            return self.text in ("(", "{") or (self.text == "|" and not self._in_bars)
        return self.kind in ("number", "letter", "command")

    def _is(self, sign: str) -> bool:
        return self.text == sign

    def _next(self) -> str:
        text = self.text
        if self.kind == "end":
            raise Unreadable
        self._at += 1
        return text

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise Unreadable

    @staticmethod
    def _refuse() -> Formula:
        raise Unreadable


def _constant(value: Fraction) -> Formula:
    return lambda point: value


def _combine(sign: str, left: Formula, right: Formula) -> Formula:
    return lambda point: _apply(sign, left(point), right(point))


def _apply(sign: str, a: Value, b: Value) -> Value:
    if sign == "^":
        return _power(a, b)
    if not (isinstance(a, Fraction) and isinstance(b, Fraction)):
        a, b = complex(a), complex(b)
        return a + b if sign == "+" else a - b if sign == "-" else a * b if sign == "*" else a / b
    value = a + b if sign == "+" else a - b if sign == "-" else a * b if sign == "*" else a / b
    if value.numerator.bit_length() + value.denominator.bit_length() > 4 * _MOST_DIGITS:
        raise Unreadable
    return value


def _power(a: Value, b: Value) -> Value:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        size = max(a.numerator.bit_length(), a.denominator.bit_length())
        if b.denominator == 1:
            if abs(b.numerator) * size > 4 * _MOST_DIGITS:
                raise Unreadable
            return a**b.numerator
        return (
            _exact_root(a, b.denominator) ** b.numerator
            if abs(b.numerator) <= 50
            else complex(a) ** complex(b)
        )
    return complex(a) ** complex(b)


def _root(inner: Formula, degree: Formula) -> Formula:
    def value(point: Mapping[str, complex]) -> Value:
        radicand, order = inner(point), degree(point)
        if not isinstance(order, Fraction) or order.denominator != 1 or not 1 < order.numerator < 50:
            raise Unreadable
        if isinstance(radicand, Fraction):
            return _exact_root(radicand, order.numerator)
        return radicand ** (1 / order.numerator)

    return value


def _exact_root(value: Fraction, degree: int) -> Value:
    """The root, exact where it is rational; of a negative number the real one for odd degrees."""
    if value < 0 and degree % 2:
        return -_exact_root(-value, degree)
    if value >= 0 and degree <= 50:
        top, bottom = _integer_root(value.numerator, degree), _integer_root(value.denominator, degree)
        if top is not None and bottom is not None:
            return Fraction(top, bottom)
    return complex(value) ** (1 / degree)


def _integer_root(value: int, degree: int) -> int | None:
    if value.bit_length() > 1000:
        return None
    guess = math.isqrt(value) if degree == 2 else round(value ** (1 / degree))
    return next((near for near in (guess, guess + 1, guess - 1) if near >= 0 and near**degree == value), None)


def _factorial(inner: Formula) -> Formula:
    def value(point: Mapping[str, complex]) -> Value:
        n = inner(point)
        if not isinstance(n, Fraction) or n.denominator != 1 or not 0 <= n <= 300:
            raise Unreadable
        return Fraction(math.factorial(n.numerator))

    return value


def _binomial(top: Formula, bottom: Formula) -> Formula:
    def value(point: Mapping[str, complex]) -> Value:
        n, k = top(point), bottom(point)
        if not (isinstance(n, Fraction) and isinstance(k, Fraction)) or n.denominator * k.denominator != 1:
            raise Unreadable
        if not (0 <= k <= n <= 1000):
            raise Unreadable
        return Fraction(math.comb(n.numerator, k.numerator))

    return value


def _absolute(value: Value) -> Value:
    return abs(value) if isinstance(value, Fraction) else complex(abs(value))
