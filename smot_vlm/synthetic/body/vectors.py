"""Points and directions in space, metres: x to the right of the screen, y up, z away from the camera."""

from math import sqrt

Vector = tuple[float, float, float]


def add(a: Vector, b: Vector, factor: float = 1.0) -> Vector:
    """A + factor * b.

    Args:
        a: a point.
        b: a direction.
        factor: of b.

    Returns:
        The point.
    """
    return (a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2])


def scale(a: Vector, factor: float) -> Vector:
    """Factor * a.

    Args:
        a: a direction.
        factor: of a.

    Returns:
        The direction.
    """
    return (a[0] * factor, a[1] * factor, a[2] * factor)


def mix(a: Vector, b: Vector, weight: float) -> Vector:
    """The point between a and b.

    Args:
        a: a point.
        b: another.
        weight: 0 for a, 1 for b.

    Returns:
        The point.
    """
    return (a[0] + (b[0] - a[0]) * weight, a[1] + (b[1] - a[1]) * weight, a[2] + (b[2] - a[2]) * weight)


def dot(a: Vector, b: Vector) -> float:
    """Scalar product.

    Args:
        a: a direction.
        b: another.

    Returns:
        Their product.
    """
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def unit(a: Vector) -> Vector:
    """The direction of a.

    Args:
        a: any.

    Returns:
        Length 1; up where a has no length.
    """
    length = sqrt(dot(a, a))
    return scale(a, 1.0 / length) if length > 1e-9 else (0.0, 1.0, 0.0)


def middle(a: Vector, b: Vector) -> Vector:
    """The point halfway.

    Args:
        a: a point.
        b: another.

    Returns:
        The point.
    """
    return scale(add(a, b), 0.5)
