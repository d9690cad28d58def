"""`make fuzz`: feeds every decoder with changed bytes."""
