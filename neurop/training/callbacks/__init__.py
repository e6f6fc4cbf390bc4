"""What a training does at its steps and epochs, except the step itself."""
