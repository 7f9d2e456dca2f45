"""How good a run is: tracking, captions, interactions and facts under two protocols."""
