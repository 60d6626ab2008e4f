"""The commands of `duban`, by what they are about. Nothing heavy is imported before a command is asked for."""
