"""What a month costs and how it grows: one hour measured on the local stack, times a table of list prices."""
