"""The command line, group by group: `linkage.__main__` puts them together."""
