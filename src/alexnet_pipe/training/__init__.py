"""The paper's training: its gradient descent, its learning-rate rule, and the loop."""
