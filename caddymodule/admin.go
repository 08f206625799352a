package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/loginwall/loginwall/caddymodule/command"
	"github.com/loginwall/loginwall/policy/gate"
)

const (
	maxAdminBody = 64 << 10
	adminTime    = time.Minute // signing everybody out may take a while
	listPage     = 200
)

// adminAPI serves the commands on Caddy's admin endpoint, which decides who may reach it.
type adminAPI struct{ logger *zap.Logger }

// CaddyModule describes the module to Caddy.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.login_wall", New: func() caddy.Module { return new(adminAPI) }}
}

// Provision keeps nothing of the configuration: after a reload that failed, the admin endpoint belongs to the
// configuration that failed, while the one before still runs.
func (a *adminAPI) Provision(caddy.Context) error {
	a.logger = caddy.Log().Named("admin.api.login_wall")
	return nil
}

// Routes lists the one pattern.
func (a *adminAPI) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{{Pattern: command.Base, Handler: caddy.AdminHandlerFunc(a.serve)}}
}

type adminCommand func(ctx context.Context, g *gate.Gate, r command.Request, c gate.Client) (command.Answer, error)

// adminCommands are the commands by path.
var adminCommands = map[string]adminCommand{
	"user/add": func(ctx context.Context, g *gate.Gate, r command.Request, c gate.Client) (command.Answer, error) {
		if r.New == nil {
			return command.Answer{}, &gate.Refusal{Message: "nothing to add: send new"}
		}
		return accountOf(g.AddAccount(ctx, *r.New, c))
	},
	"user/list": func(ctx context.Context, g *gate.Gate, r command.Request, _ gate.Client) (command.Answer, error) {
		accounts, next, unreadable, err := g.ListAccounts(ctx, r.After, listPage)
		return command.Answer{Accounts: accounts, Next: next, Unreadable: unreadable}, err
	},
	"user/show": func(ctx context.Context, g *gate.Gate, r command.Request, _ gate.Client) (command.Answer, error) {
		return accountOf(g.ShowAccount(ctx, r.Email))
	},
	"user/set": func(ctx context.Context, g *gate.Gate, r command.Request, c gate.Client) (command.Answer, error) {
		if r.Change == nil {
			r.Change = new(gate.AccountChange)
		}
		return accountOf(g.SetAccount(ctx, r.Email, *r.Change, c))
	},
	"user/disable": func(ctx context.Context, g *gate.Gate, r command.Request, c gate.Client) (command.Answer, error) {
		return accountOf(g.DisableAccount(ctx, r.Email, c))
	},
	"user/enable": func(ctx context.Context, g *gate.Gate, r command.Request, c gate.Client) (command.Answer, error) {
		return accountOf(g.EnableAccount(ctx, r.Email, c))
	},
	"user/invite": func(ctx context.Context, g *gate.Gate, r command.Request, c gate.Client) (command.Answer, error) {
		return accountOf(g.InviteAccount(ctx, r.Email, c))
	},
	"user/remove": func(ctx context.Context, g *gate.Gate, r command.Request, c gate.Client) (command.Answer, error) {
		return command.Answer{}, g.RemoveAccount(ctx, r.Email, c)
	},
	"user/sign-out": func(ctx context.Context, g *gate.Gate, r command.Request, c gate.Client) (command.Answer, error) {
		if !r.All {
			return accountOf(g.SignOutAccount(ctx, r.Email, c))
		}
		if r.Email != "" {
			return command.Answer{}, &gate.Refusal{Message: "either one address or all, not both"}
		}
		n, err := g.SignOutAll(ctx, c)
		return command.Answer{SignedOut: &n}, err
	},
	"keys/rotate": func(ctx context.Context, g *gate.Gate, _ command.Request, c gate.Client) (command.Answer, error) {
		return command.Answer{}, g.RotateKeys(ctx, c)
	},
}

// unsendable says what keeps an invitation from being sent or used, "" for nothing.
func (a *App) unsendable() string {
	switch {
	case a.mail == nil:
		return "no mail sender is configured: the invitation waits until the global login_wall block has mail"
	case a.phone == nil:
		return "no phone sender is configured: the invitation is sent, and cannot be used until the global login_wall block has phone"
	}
	return ""
}

func accountOf(info gate.AccountInfo, err error) (command.Answer, error) {
	return command.Answer{Account: &info}, err
}

// serve answers one command. Its errors reach whoever asked, so they say nothing of what lies behind.
func (a *adminAPI) serve(w http.ResponseWriter, r *http.Request) error {
	do, known := adminCommands[strings.TrimPrefix(r.URL.Path, command.Base)]
	if !known {
		return adminError(http.StatusNotFound, "no such command")
	}
	request, err := readAdmin(w, r)
	if err != nil {
		return err
	}
	app, err := activeApp()
	if err != nil {
		return adminError(http.StatusServiceUnavailable, "login_wall is not in the running configuration")
	}
	wall, err := app.open()
	if err != nil {
		app.observer.StoreFailed("open store", err)
		return adminError(http.StatusServiceUnavailable, "the store cannot be opened; see Caddy's log")
	}
	ctx, cancel := context.WithTimeout(r.Context(), adminTime)
	defer cancel()
	answer, err := do(ctx, wall.gate, request, adminClient(r))
	var refusal *gate.Refusal
	switch {
	case errors.As(err, &refusal):
		answer = command.Answer{Refused: refusal.Message}
	case err != nil:
		a.logger.Error("admin command was not done", zap.String("command", r.URL.Path), zap.Error(err))
		return adminError(http.StatusServiceUnavailable, "the store does not answer, so it is not certain that anything was done; see Caddy's log")
	}
	if answer.Refused == "" && (strings.HasSuffix(r.URL.Path, "/add") || strings.HasSuffix(r.URL.Path, "/invite")) {
		answer.Note = app.unsendable()
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(answer)
}

// readAdmin takes only what no form of a web page can send: JSON by its own type, and not from another site.
func readAdmin(w http.ResponseWriter, r *http.Request) (request command.Request, err error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return request, adminError(http.StatusMethodNotAllowed, "commands are sent with POST")
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return request, adminError(http.StatusForbidden, "commands are not taken from other sites")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return request, adminError(http.StatusUnsupportedMediaType, "commands are sent as application/json")
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return request, adminError(http.StatusBadRequest, "the command cannot be read: "+err.Error())
	}
	return request, nil
}

// activeApp is the app of the configuration that serves right now.
func activeApp() (*App, error) {
	loaded, err := caddy.ActiveContext().AppIfConfigured(appName)
	if err != nil {
		return nil, err
	}
	app, ok := loaded.(*App)
	if !ok {
		return nil, fmt.Errorf("find app: %T is another one", loaded)
	}
	return app, nil
}

func adminClient(r *http.Request) gate.Client {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = "" // a unix socket
	}
	return gate.Client{Address: host, Agent: short(r.UserAgent(), maxAgent)}
}

func adminError(status int, message string) error {
	return caddy.APIError{HTTPStatus: status, Err: errors.New(message), Message: message}
}

// Interface guards
var (
	_ caddy.AdminRouter = (*adminAPI)(nil)
	_ caddy.Provisioner = (*adminAPI)(nil)
)
