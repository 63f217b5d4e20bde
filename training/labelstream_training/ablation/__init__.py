"""The controlled ablation: CMA-CLIP with and without its two attentions, where it is known how much the text tells about each task."""
