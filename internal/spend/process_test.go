package spend

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestProcessesShareABudget lets two real processes spend at once, far more
// than the day has.
func TestProcessesShareABudget(t *testing.T) {
	folder := t.TempDir()
	var commands []*exec.Cmd
	var outputs []*bytes.Buffer
	for range 2 {
		command := exec.CommandContext(t.Context(), os.Args[0])
		command.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d", child, folder, 40))
		output := &bytes.Buffer{}
		command.Stdout, command.Stderr = output, os.Stderr
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		commands, outputs = append(commands, command), append(outputs, output)
	}
	granted, spent := int64(0), int64(0)
	for i, command := range commands {
		if err := command.Wait(); err != nil {
			t.Fatal(err)
		}
		lines := strings.Fields(outputs[i].String())
		if len(lines) == 0 {
			t.Errorf("process %d was given nothing", i)
		}
		for _, line := range lines {
			n, err := strconv.ParseInt(line, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			granted++
			spent += n
		}
	}
	// 50 reservations spend the money, whatever they spend of the bytes.
	if granted != 50 {
		t.Errorf("%d reservations of a tenth of a cent were granted for 5 cents", granted)
	}
	budget, err := openBudget(folder)
	if err != nil {
		t.Fatal(err)
	}
	d := today(t, budget)
	if want := (units{Bytes: spent, Tokens: 7 * granted, MicroUSD: 1000 * granted}); d.Spent != want || len(d.Open) != 0 {
		t.Errorf("written down are %+v and %d open, and %+v was spent", d.Spent, len(d.Open), want)
	}
}

// TestAKilledProcessHasSpentWhatItHeld kills a process while it spends: what is
// left over is less by what it had reserved, never more.
func TestAKilledProcessHasSpentWhatItHeld(t *testing.T) {
	folder := t.TempDir()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d", child, folder, 10_000))
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 1)); err != nil { // it has begun
		t.Fatal(err)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	command.Wait()
	budget, err := openBudget(folder)
	if err != nil {
		t.Fatal(err)
	}
	before := today(t, budget).total()
	granted := int64(0)
	cents := 0.001
	for {
		if _, err := budget.Reserve(t.Context(), Amount{Bytes: 1, Tokens: 7, USD: &cents}); err != nil {
			break
		}
		granted++
	}
	if want := 50 - before.MicroUSD/1000; granted != want || before.MicroUSD == 0 {
		t.Errorf("%d reservations were granted after %+v, want %d", granted, before, want)
	}
}

// today reads the day's document.
func today(t *testing.T, b *Budget) *ledger {
	t.Helper()
	text, _, err := b.store.Read(t.Context(), b.key("days", noon.Format("2006-01-02")+".json"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
