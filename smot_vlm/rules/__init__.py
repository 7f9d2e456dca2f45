"""Rules over what is seen: who does what to whom, where, for how long and when; and what is done when one comes true."""
