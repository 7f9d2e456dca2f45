"""Training of the appearance network on crops of people, and its export as a `PeopleModel`."""
