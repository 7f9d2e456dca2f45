"""The paper's tables reproduced: which run each row needs, how it is made, and our figures next to the printed ones."""
