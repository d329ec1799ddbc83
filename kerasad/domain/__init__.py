"""Where an image lies, how it is lit, and how grainy and sharp it is."""
