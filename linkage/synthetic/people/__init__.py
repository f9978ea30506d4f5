"""Who there is: families at addresses, their names, numbers and homes."""
