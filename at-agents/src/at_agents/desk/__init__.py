"""The desk: hands each trigger to the strategies it concerns and turns every answer into facts."""
