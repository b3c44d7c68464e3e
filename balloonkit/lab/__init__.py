"""Labs: widgets and figures over the package. The only place that imports matplotlib or widgets."""
