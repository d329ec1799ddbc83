"""Built-in categories whose parts lie differently in each picture."""

from kerasad.unaligned import scattered, texture, turned

CATEGORIES = {"cloth": texture, "nuts": scattered, "turned": turned}
