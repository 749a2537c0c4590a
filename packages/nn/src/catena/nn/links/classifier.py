"""A model together with its loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catena.autograd import Variable
from catena.nn._link import Link
from catena.nn._reporter import report
from catena.nn.functions.evaluation import accuracy
from catena.nn.functions.loss import softmax_cross_entropy


class Classifier(Link):
    """A predictor whose call returns the loss of what it predicts, and reports `loss` and `accuracy`.

    Args:
        predictor: the link that makes scores, `(n, n_class)`, of the inputs.
        lossfun: `lossfun(y, t)`, the loss of scores and labels.
        accfun: `accfun(y, t)`, called and reported unless `compute_accuracy` is False.
        label_key: which argument of a call is the labels: an index among the positional ones, or a keyword.

    Attributes:
        y: the scores of the last call.
        loss: the loss of the last call.
        accuracy: the accuracy of the last call; None where `compute_accuracy` is False.
        compute_accuracy: whether to call `accfun`; True.

    Raises:
        TypeError: `label_key` is neither an integer nor a string, or `predictor` or `lossfun` cannot be called.

    Example:
        >>> import numpy as np
        >>> from catena.nn.links import Linear
        >>> model = Classifier(Linear(3, 2, initialW=0))
        >>> loss = model(np.ones((4, 3), "float32"), np.array([0, 0, 1, 0]))
        >>> round(float(loss), 4), float(model.accuracy)
        (0.6931, 0.75)
    """

    compute_accuracy = True

    def __init__(
        self,
        predictor: Any,
        lossfun: Callable[..., Any] = softmax_cross_entropy,
        accfun: Callable[..., Any] = accuracy,
        label_key: int | str = -1,
    ) -> None:
        if isinstance(label_key, bool) or not isinstance(label_key, int | str):
            raise TypeError(
                f"Classifier: label_key is {label_key!r} ({type(label_key).__name__}); "
                "expected an index such as -1, or the keyword of the labels"
            )
        for name, given in (("predictor", predictor), ("lossfun", lossfun)):
            if not callable(given):
                raise TypeError(
                    f"Classifier: {name} is {given!r:.60} ({type(given).__name__}); expected a callable, "
                    "as in Classifier(MLP(), F.softmax_cross_entropy)"
                )
        super().__init__()
        self.lossfun = lossfun
        self.accfun = accfun
        self.label_key = label_key
        self.y: Any = None
        self.loss: Variable | None = None
        self.accuracy: Any = None
        with self.init_scope():
            self.predictor = predictor

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The loss of `predictor(*the other arguments)` and the labels.

        Raises:
            ValueError: the call has no argument that `label_key` names, or no other than that.
        """
        t, args, kwargs = self._without_labels(args, kwargs)
        # What a failing call leaves behind is not the last one's.
        self.y = self.loss = self.accuracy = None
        self.y = self.predictor(*args, **kwargs)
        self.loss = self.lossfun(self.y, t)
        reported = {"loss": self.loss}
        if self.compute_accuracy:
            reported["accuracy"] = self.accuracy = self.accfun(self.y, t)
        report(reported, self)
        return self.loss

    def _without_labels(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        """The labels, and the arguments that are left for the predictor."""
        key = self.label_key
        if isinstance(key, str):
            if key not in kwargs:
                given = ", ".join(kwargs) or "none"
                raise ValueError(
                    f"Classifier: no keyword argument {key!r}, which label_key names; the keywords are: {given}"
                )
            rest = {name: value for name, value in kwargs.items() if name != key}
            if not args and not rest:
                raise ValueError(
                    f"Classifier: the call has labels, {key!r}, and no inputs; call it as model(x, {key}={key})"
                )
            return kwargs[key], args, rest
        if not -len(args) <= key < len(args) or len(args) + len(kwargs) < 2:
            named = f" and the keywords {', '.join(kwargs)}" if kwargs else ""
            raise ValueError(
                f"Classifier: label_key is {key}, the call has {len(args)} positional arguments{named}; "
                "call it as model(x, t), the labels last, or name their keyword, as in Classifier(predictor, label_key='t')"
            )
        key %= len(args)
        return args[key], args[:key] + args[key + 1 :], kwargs
