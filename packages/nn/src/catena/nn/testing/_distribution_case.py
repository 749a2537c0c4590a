"""What a distribution computes as a function of its parameters and of a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catena.autograd.testing import Bound, Call, Case
from catena.nn.distributions import kl_divergence


class DistributionCase(Case):
    """How to draw calls of what a distribution has: `Call(x, loc, scale, of="log_prob")` is `Normal(loc, scale).log_prob(x)`.

    The inputs are x, where one is taken, and the parameters, of which `names` are the names; of "kl_divergence", they are the parameters
    of both distributions, called "loc" and "q.loc".

    Example:
        >>> import catena.nn.distributions as D
        >>> from catena.autograd.testing import broadcasting, check_op, reals
        >>> case = DistributionCase(broadcasting(reals(), reals(), reals(0.5, 3), of="log_prob", names=("loc", "scale")), tolerance=8)
        >>> check_op(D.Normal, case, examples=3)
    """

    def bind(self, function: Callable[..., Any], call: Call) -> Bound:
        """The call as a function of x and the parameters."""
        options = dict(call.options)
        of, names = options.pop("of"), options.pop("names")
        is_property = isinstance(getattr(function, of, None), property)

        def make(parameters: Sequence[Any]) -> Any:
            return function(**dict(zip(names, parameters, strict=True)))

        def result(*inputs: Any) -> Any:
            if of == "kl_divergence":
                return kl_divergence(make(inputs[: len(names)]), make(inputs[len(names) :]))
            if of == "sample":
                return make(inputs).sample((2,))
            return getattr(make(inputs), of) if is_property else getattr(make(inputs[1:]), of)(inputs[0])

        bound = super().bind(result, Call(*call.inputs, **options))
        second = [f"q.{name}" for name in names] if of == "kl_divergence" else []
        has_x = not (is_property or of in ("kl_divergence", "sample"))
        return bound._replace(names=["x"] * has_x + [*names, *second])
