"""Does neural collapse explain plasticity loss? The Python behind the workflow, a module per stage."""
