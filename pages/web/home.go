package web

import (
	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
)

// homePage is the address of the home page below the prefix.
const homePage = "/"

// home shows the apps that the person signed in may open. Where there is no home page, it leads to the account, or to the
// login page.
func (v *visit) home() error {
	if v.Home == nil {
		return v.noHome()
	}
	m, page, ok, err := v.memberPage()
	if err != nil || !ok {
		return err
	}
	v.show(pages.Home{Page: page, Tiles: v.Home(m.id.Account.Groups), Ends: v.endOf(&m.id.Account)})
	return nil
}

func (v *visit) noHome() error {
	_, reason, _, err := v.identity(false)
	if err != nil {
		return err
	}
	if reason == policy.OK {
		v.redirect(v.Base + "/account")
	} else {
		v.redirect(v.Base + "/login")
	}
	return nil
}
