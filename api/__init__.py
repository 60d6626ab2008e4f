"""How people and programs meet the service."""
