package diff

import (
	"bytes"
	"slices"
	"strconv"
)

// number writes the number at pos in the one spelling of its value.
func (w *writer) number() error {
	start := w.pos
	w.accept("-")
	whole := w.digits()
	if len(whole) == 0 || len(whole) > 1 && whole[0] == '0' {
		w.pos = start
		return w.invalid("no value")
	}
	var fraction []byte
	exponent := int64(0)
	plain, known := true, true
	if w.accept(".") {
		if fraction = w.digits(); len(fraction) == 0 {
			return w.invalid("a number ends early")
		}
		plain = false
	}
	if w.accept("eE") {
		sign := w.pos
		w.accept("+-")
		digits := bytes.TrimLeft(w.digits(), "0")
		if c := w.src[w.pos-1]; c < '0' || c > '9' {
			return w.invalid("a number ends early")
		}
		plain = false
		if known = len(digits) <= 15; known && len(digits) > 0 {
			exponent, _ = strconv.ParseInt(string(digits), 10, 64)
		}
		if w.src[sign] == '-' {
			exponent = -exponent
		}
	}
	literal := w.src[start:w.pos]
	switch {
	case plain && len(literal) <= 21 && string(literal) != "-0":
		w.out = append(w.out, literal...) // the spelling appendDecimal gives, which nearly all numbers have already
	case !known && !isZero(whole, fraction):
		w.out = append(w.out, literal...) // an exponent beyond all reason: equal only to itself
	default:
		w.out = appendDecimal(w.out, literal[0] == '-', slices.Concat(whole, fraction), int64(len(whole))+exponent)
	}
	return nil
}

func isZero(whole, fraction []byte) bool {
	return len(bytes.Trim(whole, "0")) == 0 && len(bytes.Trim(fraction, "0")) == 0
}

func (w *writer) accept(any string) bool {
	if w.pos < len(w.src) && bytes.IndexByte([]byte(any), w.src[w.pos]) >= 0 {
		w.pos++
		return true
	}
	return false
}

func (w *writer) digits() []byte {
	start := w.pos
	for w.pos < len(w.src) && '0' <= w.src[w.pos] && w.src[w.pos] <= '9' {
		w.pos++
	}
	return w.src[start:w.pos]
}

// appendDecimal writes 0.digits × 10^point: plainly where that takes at most
// twenty filling zeros before the point or six behind it, else with an exponent.
func appendDecimal(out []byte, negative bool, digits []byte, point int64) []byte {
	significant := bytes.TrimLeft(digits, "0")
	point -= int64(len(digits) - len(significant))
	significant = bytes.TrimRight(significant, "0")
	n := int64(len(significant))
	if n == 0 {
		return append(out, '0')
	}
	if negative {
		out = append(out, '-')
	}
	switch {
	case n <= point && point-n <= 20:
		out = append(out, significant...)
		return append(out, "00000000000000000000"[:point-n]...)
	case 0 < point && point < n:
		out = append(append(out, significant[:point]...), '.')
		return append(out, significant[point:]...)
	case -6 < point && point <= 0:
		out = append(append(out, "0."...), "000000"[:-point]...)
		return append(out, significant...)
	}
	out = append(out, significant[0])
	if n > 1 {
		out = append(append(out, '.'), significant[1:]...)
	}
	return strconv.AppendInt(append(out, 'e'), point-1, 10)
}
