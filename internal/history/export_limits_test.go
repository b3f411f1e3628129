package history

// Limit makes a month huge that has more changes, steps or bytes of values than
// these; 0: than a real one.
func (h *History) Limit(whole, steps, literals int) { h.limits = limits{whole, steps, literals} }
