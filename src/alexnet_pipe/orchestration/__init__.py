"""How Prefect runs DVC: the graph is DVC's, and DVC alone decides what must run."""
