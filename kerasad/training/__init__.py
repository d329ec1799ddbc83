from kerasad.training.run import Run as Run
