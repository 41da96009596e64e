package main

import (
	"bytes"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// verifier makes a function that accepts bytes with a Sigstore bundle of this signer, by Sigstore's own library.
func verifier(rootPath, issuer, subject string) (func(body, signature []byte) error, error) {
	trusted, err := root.NewTrustedRootFromPath(rootPath)
	if err != nil {
		return nil, err
	}
	by, err := verify.NewVerifier(trusted,
		verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	if err != nil {
		return nil, err
	}
	identity, err := verify.NewShortCertificateIdentity(issuer, "", subject, "")
	if err != nil {
		return nil, err
	}
	return func(body, signature []byte) error {
		var signed bundle.Bundle
		if err := signed.UnmarshalJSON(signature); err != nil {
			return err
		}
		policy := verify.NewPolicy(verify.WithArtifact(bytes.NewReader(body)), verify.WithCertificateIdentity(identity))
		_, err := by.Verify(&signed, policy)
		return err
	}, nil
}
