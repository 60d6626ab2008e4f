"""What readers see: pure functions from events to rows."""
