package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"configtrail"
)

// serving runs Serve until its stop is called, which gives its error.
func serving(t *testing.T, options Options, limits Limits) (url string, stop func() error) {
	t.Helper()
	handler, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, listener, handler, limits) }()
	t.Cleanup(cancel)
	return "http://" + listener.Addr().String(), func() error {
		cancel()
		return <-ended
	}
}

const aMonth = `{"target_year":"2024","target_month":"11"}`

func post(url string) (status int, body string, err error) {
	response, err := http.Post(url, form, strings.NewReader(aMonth))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func TestServeWaitsForAnswersUnderWay(t *testing.T) {
	asked, told := make(chan struct{}), make(chan struct{})
	url, stop := serving(t, Options{Tell: func(context.Context, Request) (Answer, error) {
		close(asked)
		<-told
		return Answer{Text: "whole", Report: json.RawMessage(`{}`)}, nil
	}}, Limits{})
	type answer struct {
		status int
		body   string
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		status, body, err := post(url)
		answers <- answer{status, body, err}
	}()
	<-asked
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	waitClosed(t, url)
	close(told)
	if a := <-answers; a.err != nil || a.status != 200 || !strings.Contains(a.body, "whole") {
		t.Errorf("%d %s %v", a.status, a.body, a.err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// waitClosed waits until nobody listens at a URL.
func waitClosed(t *testing.T, url string) {
	t.Helper()
	for t.Context().Err() == nil {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return
		}
		c.Close()
	}
}

func TestServeGivesUpWhatDoesNotEnd(t *testing.T) {
	asked := make(chan struct{})
	url, stop := serving(t, Options{Tell: func(ctx context.Context, _ Request) (Answer, error) {
		close(asked)
		<-ctx.Done()
		return Answer{}, ctx.Err()
	}}, Limits{Stop: time.Millisecond})
	statuses := make(chan int, 1)
	go func() {
		status, _, _ := post(url)
		statuses <- status
	}()
	<-asked
	if err := stop(); err != nil {
		t.Error(err)
	}
	if status := <-statuses; status != 503 {
		t.Errorf("the caller was told %d", status)
	}
}

func TestServeKeepsOtherNamesAway(t *testing.T) {
	url, _ := serving(t, Options{}, Limits{})
	for host, want := range map[string]int{"": 200, "localhost": 200, "[::1]:80": 200, "evil.example.com": 403, "127.0.0.1.evil.example.com": 403} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("as %q: %d, want %d", host, response.StatusCode, want)
		}
	}
}

func TestServeNeedsATokenOffLoopback(t *testing.T) {
	handler, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	err = Serve(t.Context(), listener, handler, Limits{})
	var problem *configtrail.Problem
	if !errors.Is(err, configtrail.ErrInvalid) || !errors.As(err, &problem) || problem.Key != "serve_open" {
		t.Errorf("served all the same: %v", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}

func TestServeEndsSlowCallers(t *testing.T) {
	url, _ := serving(t, Options{}, Limits{Header: 50 * time.Millisecond, Read: 100 * time.Millisecond})
	address := strings.TrimPrefix(url, "http://")
	for name, sent := range map[string]string{
		"headers that never end": "POST / HTTP/1.1\r\nHost: localhost\r\nX: ",
		"a body that never ends": "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
	} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, sent)
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if text, err := io.ReadAll(bufio.NewReader(c)); err != nil {
			t.Errorf("%s: the connection stays open: %q %v", name, text, err)
		}
		c.Close()
	}
}
