package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/open-telemetry/opamp-go/client/types"
	"github.com/open-telemetry/opamp-go/protobufs"
)

// installed is a package on this disk; its file lies beside, under the package's name.
type installed struct {
	Type        protobufs.PackageType
	Version     string
	Hash        []byte
	ContentHash []byte
}

// store keeps packages and what is known of them in one folder: the PackagesStateProvider of the client.
//
// Files in the folder are its switches, see switches.go.
type store struct {
	mutex  sync.Mutex
	folder string
	verify func(body, signature []byte) error
	state  struct {
		UID      uuid.UUID
		AllHash  []byte
		Packages map[string]installed
	}
}

var _ types.PackagesStateProvider = (*store)(nil)

func openStore(folder string) (*store, error) {
	s := &store{folder: folder}
	if err := os.MkdirAll(filepath.Join(folder, "files"), 0o755); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(s.path("state.json"))
	if err == nil {
		err = json.Unmarshal(content, &s.state)
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if s.state.Packages == nil {
		s.state.Packages = map[string]installed{}
	}
	return s, err
}

func (s *store) path(name string) string { return filepath.Join(s.folder, name) }
func (s *store) file(name string) string {
	if name == "" {
		name = "top-level" // the Collector's supervisor has one package, without a name
	}
	return filepath.Join(s.folder, "files", filepath.Base(name))
}

// save replaces the state on disk as a whole.
func (s *store) save() error {
	content, err := json.MarshalIndent(s.state, "", "  ")
	if err != nil {
		return err
	}
	return replace(s.path("state.json"), content)
}

func replace(path string, content []byte) error {
	if err := os.WriteFile(path+".part", content, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// instanceUID is the given one, else that of the last run, else a new one.
func (s *store) instanceUID(given string) (uuid.UUID, error) {
	var err error
	if given != "" {
		s.state.UID, err = uuid.Parse(given)
	} else if s.state.UID == uuid.Nil {
		s.state.UID, err = uuid.NewV7()
	}
	if err != nil {
		return uuid.Nil, err
	}
	return s.state.UID, s.save()
}

func (s *store) AllPackagesHash() ([]byte, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.state.AllHash, nil
}

func (s *store) SetAllPackagesHash(hash []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.AllHash = hash
	return s.save()
}

func (s *store) Packages() ([]string, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	names := make([]string, 0, len(s.state.Packages))
	for name := range s.state.Packages {
		names = append(names, name)
	}
	return names, nil
}

func (s *store) PackageState(name string) (types.PackageState, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	own, exists := s.state.Packages[name]
	return types.PackageState{Exists: exists, Type: own.Type, Hash: own.Hash, Version: own.Version}, nil
}

func (s *store) SetPackageState(name string, state types.PackageState) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	own := s.state.Packages[name]
	own.Hash, own.Version = state.Hash, state.Version
	s.state.Packages[name] = own
	return s.save()
}

func (s *store) CreatePackage(name string, kind protobufs.PackageType) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, exists := s.state.Packages[name]; exists {
		return fmt.Errorf("the package %s exists", name)
	}
	s.state.Packages[name] = installed{Type: kind}
	return s.save()
}

func (s *store) FileContentHash(name string) ([]byte, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.state.Packages[name].ContentHash, nil
}

func (s *store) UpdateContent(_ context.Context, name string, content io.Reader, contentHash, signature []byte) error {
	time.Sleep(s.delay())
	body, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if s.isOn("fail") {
		return errors.New("the installation failed, as it was told to")
	}
	own := sha256.Sum256(body)
	if !bytes.Equal(own[:], contentHash) {
		return errors.New("these are not the bytes that were offered")
	}
	if s.verify != nil {
		if err := s.verify(body, signature); err != nil {
			return fmt.Errorf("the signature does not hold: %w", err)
		}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := replace(s.file(name), body); err != nil {
		return err
	}
	known := s.state.Packages[name]
	known.ContentHash = contentHash
	s.state.Packages[name] = known
	return s.save()
}

func (s *store) DeletePackage(name string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := os.Remove(s.file(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	delete(s.state.Packages, name)
	return s.save()
}

func (s *store) LastReportedStatuses() (*protobufs.PackageStatuses, error) {
	content, err := os.ReadFile(s.path("statuses.bin"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	statuses := &protobufs.PackageStatuses{}
	return statuses, proto.Unmarshal(content, statuses)
}

func (s *store) SetLastReportedStatuses(statuses *protobufs.PackageStatuses) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	content, err := proto.Marshal(statuses)
	if err != nil {
		return err
	}
	return replace(s.path("statuses.bin"), content)
}
