"""The pages that people read: the case list and the case, each at any moment."""
