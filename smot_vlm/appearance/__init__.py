"""What a person looks like and does, seen in crops at the person's own resolution."""
