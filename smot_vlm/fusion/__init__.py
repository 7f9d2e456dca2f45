"""The paper's two fusion modules, VFM and TFM, their rivals of Table 4, and what is remembered of a video."""
