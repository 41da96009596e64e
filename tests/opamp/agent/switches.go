package main

import (
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/open-telemetry/opamp-go/client"
	"github.com/open-telemetry/opamp-go/protobufs"
)

// Switches are files in the agent's folder: "fail" makes installations fail, "unhealthy" makes it report that it is,
// "crash" ends it once it has reported an installation, "slow" holds the seconds that each download takes.

const switchInterval = 200 * time.Millisecond

func (s *store) isOn(name string) bool {
	_, err := os.Stat(s.path(name))
	return err == nil
}

// delay is how long a download is to take.
func (s *store) delay() time.Duration {
	content, err := os.ReadFile(s.path("slow"))
	if err != nil {
		return 0
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(content)), 64)
	if err != nil {
		log.Printf("slow holds no number: %v", err)
	}
	return time.Duration(seconds * float64(time.Second))
}

func health(healthy bool) *protobufs.ComponentHealth {
	if healthy {
		return &protobufs.ComponentHealth{Healthy: true, Status: "running"}
	}
	return &protobufs.ComponentHealth{Healthy: false, Status: "ill", LastError: "unhealthy, as it was told to be"}
}

// watchHealth reports the agent's health whenever the switch changes it.
func watchHealth(agent client.OpAMPClient, packages *store) {
	healthy := true
	for range time.Tick(switchInterval) {
		if now := !packages.isOn("unhealthy"); now != healthy {
			healthy = now
			if err := agent.SetHealth(health(healthy)); err != nil {
				log.Printf("health: %v", err)
			}
		}
	}
}

// crashIfTold ends the agent when there was time for two more messages.
func crashIfTold(packages *store, interval time.Duration) {
	if packages.isOn("crash") {
		time.AfterFunc(2*interval, func() { log.Fatal("crashed, as it was told to") })
	}
}
