"""The two reports with paths of their own: what is offered most, and what photos show."""
