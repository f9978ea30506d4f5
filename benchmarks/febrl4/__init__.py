"""FEBRL4: 5,000 invented Australians and a duplicate with errors of each (Christen 2008), without their national id."""
