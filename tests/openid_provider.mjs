/* A certified OpenID provider (the npm package oidc-provider) with its own login page, for whoever gives a name there. */
const [folder, port, redirect] = process.argv.slice(2);
const { Provider } = await import(folder + "/node_modules/oidc-provider/lib/index.js");
const issuer = "http://localhost:" + port;
const provider = new Provider(issuer, {
  clients: [{ client_id: "docket", client_secret: "s3cret:+/ of the shop", redirect_uris: [redirect], grant_types: ["authorization_code"], response_types: ["code"] }],
  claims: { openid: ["sub"], profile: ["preferred_username", "name"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => {
      const [login, as] = sub.split("|");  // "tom|anna": the subject of Tom, who calls himself anna
      return { sub: login, preferred_username: as ?? login, email: login, email_verified: !login.startsWith("unverified") };
    },
  }),
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["of a test"] },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
