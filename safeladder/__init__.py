"""The face of the house: command line, recipes, the stages of a run, reports and the doctor."""
