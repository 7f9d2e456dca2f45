"""From fused features to language: prompts, soft tokens, decoders, and the verbs between two people."""
