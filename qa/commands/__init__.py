"""The subcommands of ``qa``; each module holds those that belong together."""
