"""The configuration of neurop, in Hydra's YAML: one primary file per verb, one folder per group
of choices.
"""
