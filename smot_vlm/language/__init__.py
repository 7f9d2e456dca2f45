"""The words of captions: phrases, the facts that they state, and the reader that finds them."""
