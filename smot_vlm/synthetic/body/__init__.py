"""People as bodies: proportions and clothes, joints and postures, and the strokes that draw them."""
