"""Many categories: one detector each, in processes of their own."""
