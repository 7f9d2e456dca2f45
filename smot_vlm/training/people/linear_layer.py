"""A linear layer on features that are already learned: softmax regression with an L2 penalty, solved in the dual.

There are far fewer samples than features, so that the weights are sums of samples and their products are all that counts.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


def fit_linear(
    features: Float[Tensor, "samples values"], labels: Int[Tensor, "samples"], classes: int, *, penalty: float
) -> tuple[Float[Tensor, "classes values"], Float[Tensor, "classes"]]:
    """Fit a layer; rare classes count as much as the root of their rarity.

    Args:
        features: standardised.
        labels: from 0 to classes - 1.
        classes: how many.
        penalty: of the squared weights.

    Returns:
        Weights and biases.
    """
    products = features @ features.T / features.shape[1]
    counts = torch.bincount(labels, minlength=classes).float().clamp(min=1)
    balance = (len(labels) / counts).sqrt()
    dual = torch.zeros(len(labels), classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    solver = torch.optim.LBFGS([dual, bias], max_iter=80, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        scores = products @ dual
        found = functional.cross_entropy(scores + bias, labels, weight=balance)
        found = found + penalty * (dual * scores).sum() / len(labels)
        found.backward()
        return found

    solver.step(loss)
    weights = dual.detach().T @ features / features.shape[1]
    return weights, bias.detach()
