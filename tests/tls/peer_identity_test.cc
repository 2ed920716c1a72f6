#include "tls/peer_identity.h"

#include <gtest/gtest.h>

#include "tests/tls/test_pki.h"

namespace respgate::tls {
namespace {

using testing::Authority;
using testing::LeafSpec;

IdentityResult identity_in(const LeafSpec& spec, IdentityKind kind) {
  Authority authority("ca");
  return peer_identity(*authority.issue(spec).parsed, kind);
}

// The name, or "! why".
std::string told(const LeafSpec& spec, IdentityKind kind) {
  IdentityResult result = identity_in(spec, kind);
  return result ? *result : "! " + result.error().why;
}

TEST(PeerIdentityTest, EachKindReadsItsOwnName) {
  const LeafSpec spec{.common_names = {"orders"}, .alternative_names = "DNS:orders.test,URI:spiffe://corp/orders"};
  EXPECT_EQ(told(spec, IdentityKind::kCommonName), "orders");
  EXPECT_EQ(told(spec, IdentityKind::kSanDns), "orders.test");
  EXPECT_EQ(told(spec, IdentityKind::kSanUri), "spiffe://corp/orders");
}

TEST(PeerIdentityTest, NoNameOfTheKindIsNobody) {
  EXPECT_EQ(told({.common_names = {}}, IdentityKind::kCommonName), "! the certificate has no CN");
  EXPECT_EQ(told({.alternative_names = "URI:spiffe://x"}, IdentityKind::kSanDns), "! the certificate has no DNS name");
  EXPECT_EQ(told({.alternative_names = "DNS:x.test"}, IdentityKind::kSanUri), "! the certificate has no URI");
  EXPECT_EQ(told({}, IdentityKind::kSanUri), "! the certificate has no URI");
}

TEST(PeerIdentityTest, TwoNamesOfTheKindAreNobody) {
  EXPECT_EQ(told({.common_names = {"orders", "admin"}}, IdentityKind::kCommonName), "! the certificate has more than one CN");
  EXPECT_EQ(told({.alternative_names = "DNS:a.test,DNS:b.test"}, IdentityKind::kSanDns), "! the certificate has more than one DNS name");
  EXPECT_EQ(told({.alternative_names = "URI:spiffe://a,URI:spiffe://a"}, IdentityKind::kSanUri), "! the certificate has more than one URI");
}

TEST(PeerIdentityTest, ANulDoesNotEndACommonName) {
  const std::string name("admin\0.evil", 11);
  EXPECT_EQ(told({.common_names = {name}}, IdentityKind::kCommonName), "! the certificate's CN has a control byte in it");
}

TEST(PeerIdentityTest, AControlByteOfAnyKindIsRefused) {
  for (const char c : {'\x01', '\n', '\r', '\x1b', '\x7f'})
    EXPECT_EQ(told({.common_names = {std::string("adm") + c + "in"}}, IdentityKind::kCommonName),
              "! the certificate's CN has a control byte in it");
}

TEST(PeerIdentityTest, ACommonNameIsUtf8WhateverItsEncoding) {
  EXPECT_EQ(told({.common_names = {"J\xc3\xbcrgen"}}, IdentityKind::kCommonName), "J\xc3\xbcrgen");
}

// The extension as bytes: SEQUENCE { [type] IA5String }.
template <char type, std::size_t size>
CertificatePtr with_name(CertificatePtr leaf, const char (&bytes)[size]) {
  std::string der{'\x30', static_cast<char>(size + 1), type, static_cast<char>(size - 1)};
  der.append(bytes, size - 1);
  const std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>> text(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(text.get(), reinterpret_cast<const unsigned char*>(der.data()), static_cast<int>(der.size()));
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
      X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, text.get()));
  X509_add_ext(leaf.get(), extension.get(), -1);
  return leaf;
}
constexpr char kDns = '\x82';
constexpr char kUri = '\x86';

TEST(PeerIdentityTest, ANulDoesNotEndAnAlternativeName) {
  LeafSpec spec;
  spec.edit = [](CertificatePtr leaf) { return with_name<kDns>(std::move(leaf), "a.test\0.evil"); };
  EXPECT_EQ(told(spec, IdentityKind::kSanDns), "! the certificate's DNS name has a control byte in it");
  spec.edit = [](CertificatePtr leaf) { return with_name<kUri>(std::move(leaf), "spiffe://a\0b"); };
  EXPECT_EQ(told(spec, IdentityKind::kSanUri), "! the certificate's URI has a control byte in it");
}

TEST(PeerIdentityTest, AnAlternativeNameIsAscii) {
  LeafSpec spec;
  spec.edit = [](CertificatePtr leaf) { return with_name<kUri>(std::move(leaf), "spiffe://\xc3\xbc"); };
  EXPECT_EQ(told(spec, IdentityKind::kSanUri), "! the certificate's URI is not ASCII");
}

TEST(PeerIdentityTest, AnEmptyNameIsNobody) {
  LeafSpec spec;
  spec.edit = [](CertificatePtr leaf) { return with_name<kUri>(std::move(leaf), ""); };
  EXPECT_EQ(told(spec, IdentityKind::kSanUri), "! the certificate's URI is empty");
}

TEST(PeerIdentityTest, ADamagedExtensionIsNobody) {
  LeafSpec spec;
  spec.edit = [](CertificatePtr leaf) {
    CertificatePtr twice = with_name<kUri>(std::move(leaf), "spiffe://a");
    return with_name<kUri>(std::move(twice), "spiffe://b");
  };
  EXPECT_EQ(told(spec, IdentityKind::kSanUri), "! the certificate's names cannot be read");
}

}  // namespace
}  // namespace respgate::tls
