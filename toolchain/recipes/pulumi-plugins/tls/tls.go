// Package tls describes Terraform's tls provider to Pulumi's bridge, by the names of the npm SDK.
package tls

import (
	"github.com/hashicorp/terraform-provider-tls/tlsshim"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	info "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// Version is set at build time.
var Version = "5.0.0"

// Package describes the package; metadata is what tfgen wrote.
func Package(metadata []byte) info.ProviderInfo {
	return info.ProviderInfo{
		P: tfbridge.ShimProvider(tlsshim.New()), Name: "tls", Version: Version,
		Resources: map[string]*info.ResourceInfo{
			"tls_cert_request":        {Tok: "tls:index/certRequest:CertRequest"},
			"tls_locally_signed_cert": {Tok: "tls:index/locallySignedCert:LocallySignedCert"},
			"tls_private_key":         {Tok: "tls:index/privateKey:PrivateKey"},
			"tls_self_signed_cert":    {Tok: "tls:index/selfSignedCert:SelfSignedCert"},
		},
		DataSources: map[string]*info.DataSourceInfo{
			"tls_certificate": {Tok: "tls:index/getCertificate:getCertificate"},
			"tls_public_key":  {Tok: "tls:index/getPublicKey:getPublicKey"},
		},
		MetadataInfo: info.NewProviderMetadata(metadata),
	}
}
