// A small agent on the official OpAMP client: it keeps its packages in a folder and tells what it does on stdout.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/open-telemetry/opamp-go/client"
	"github.com/open-telemetry/opamp-go/client/types"
	"github.com/open-telemetry/opamp-go/protobufs"
)

// attributes collects -attribute key=value.
type attributes []*protobufs.KeyValue

func (a *attributes) String() string { return fmt.Sprint(*a) }

func (a *attributes) Set(pair string) error {
	key, value, found := strings.Cut(pair, "=")
	if !found {
		return fmt.Errorf("%q is not key=value", pair)
	}
	text := &protobufs.AnyValue{Value: &protobufs.AnyValue_StringValue{StringValue: value}}
	*a = append(*a, &protobufs.KeyValue{Key: key, Value: text})
	return nil
}

// logger writes the client's own messages beside the agent's.
type logger struct{}

func (logger) Debugf(_ context.Context, format string, v ...any) { log.Printf("client: "+format, v...) }
func (logger) Errorf(_ context.Context, format string, v ...any) {
	log.Printf("client error: "+format, v...)
}

func main() {
	var described attributes
	server := flag.String("server", "http://127.0.0.1:8080/v1/opamp", "the agents' endpoint")
	token := flag.String("token", os.Getenv("OPAMP_TOKEN"), "a token with the role agent; or set OPAMP_TOKEN")
	folder := flag.String("folder", "packages", "where packages are kept")
	uid := flag.String("uid", "", "the instance uid; kept in the folder when it is not given")
	interval := flag.Duration("interval", 30*time.Second, "how often to ask")
	compress := flag.Bool("gzip", false, "compress messages")
	root := flag.String("verify-root", "", "install only what is signed by this TrustedRoot (JSON)")
	issuer := flag.String("verify-issuer", "", "the issuer that the signature's certificate must name")
	subject := flag.String("verify-subject", "", "the subject that it must name")
	flag.Var(&described, "attribute", "key=value, as often as needed; os.type and host.arch choose the files")
	flag.Parse()
	log.SetFlags(log.Lmicroseconds)

	packages, err := openStore(*folder)
	if err != nil {
		log.Fatal(err)
	}
	if *root != "" {
		if packages.verify, err = verifier(*root, *issuer, *subject); err != nil {
			log.Fatal(err)
		}
	}
	instance, err := packages.instanceUID(*uid)
	if err != nil {
		log.Fatal(err)
	}
	agent := client.NewHTTP(logger{})
	if err := start(agent, packages, instance, *server, *token, described, *interval, *compress); err != nil {
		log.Fatal(err)
	}
	go watchHealth(agent, packages)
	fmt.Printf("agent %s asks %s\n", instance, *server)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := agent.Stop(ctx); err != nil {
		log.Fatal(err)
	}
}

func start(
	agent client.OpAMPClient, packages *store, instance uuid.UUID,
	server, token string, described attributes, interval time.Duration, compress bool,
) error {
	capabilities := protobufs.AgentCapabilities_AgentCapabilities_AcceptsPackages |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsPackageStatuses |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsHeartbeat |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsHealth
	description := &protobufs.AgentDescription{IdentifyingAttributes: described}
	if err := agent.SetAgentDescription(description); err != nil {
		return err
	}
	if err := agent.SetHealth(health(true)); err != nil {
		return err
	}
	return agent.Start(context.Background(), types.StartSettings{
		OpAMPServerURL:        server,
		Header:                http.Header{"Authorization": []string{"Bearer " + token}},
		InstanceUid:           types.InstanceUid(instance),
		PackagesStateProvider: packages,
		// SetCapabilities refuses packages before it is told of the provider, which only Start can tell it.
		Capabilities:      capabilities,
		HeartbeatInterval: &interval,
		EnableCompression: compress,
		Callbacks: types.Callbacks{
			OnMessage: func(ctx context.Context, message *types.MessageData) {
				if install(ctx, message) {
					crashIfTold(packages, interval)
				}
			},
			OnConnectFailed: func(_ context.Context, err error) { fmt.Printf("no connection: %v\n", err) },
		},
	})
}

// install carries an offer out, if there is one; the polling loop goes on when all of it is done.
func install(ctx context.Context, message *types.MessageData) bool {
	if message.PackageSyncer == nil {
		return false
	}
	versions := make([]string, 0, len(message.PackagesAvailable.Packages))
	for name, offered := range message.PackagesAvailable.Packages {
		versions = append(versions, name+" "+offered.Version)
	}
	fmt.Printf("offered: %s\n", strings.Join(versions, ", "))
	if err := message.PackageSyncer.Sync(ctx); err != nil {
		log.Printf("sync: %v", err)
		return false
	}
	<-message.PackageSyncer.Done()
	fmt.Println("synced")
	return true
}
